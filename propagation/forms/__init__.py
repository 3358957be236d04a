"""What people fill in: the workload form, YAML documents, and the small actions."""
