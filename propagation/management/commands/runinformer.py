"""Watch the managed objects of every joined cluster until stopped."""

import asyncio
import contextlib
import signal
from typing import Any

from django.core.management.base import BaseCommand

from propagation.informer import Informer


class Command(BaseCommand):
    help = "Watch the managed objects of every joined cluster and record how they fare."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_run_until_stopped())


async def _run_until_stopped() -> None:
    task = asyncio.create_task(Informer().run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
