"""``python -m fedconsole.sandbox``."""

import argparse
import sys

from fedconsole.sandbox import cli


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox", description="Local Kubernetes clusters.")
    cli.add_arguments(parser)
    try:
        cli.execute(parser.parse_args(), lambda line: print(line, flush=True))
    except cli.ERRORS as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
