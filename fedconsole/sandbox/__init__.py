"""Real Kubernetes control planes on one machine, without containers (docs/sandbox.md).

Knows nothing of the applications, nor of Django.
"""
