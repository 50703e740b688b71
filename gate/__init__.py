"""gate: the policy and security gate for machine-learning model archives."""

__version__ = "0.1.0"
