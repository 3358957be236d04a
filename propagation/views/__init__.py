"""The pages of the federated workloads."""
