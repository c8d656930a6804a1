"""How the whole system runs on one machine, without Docker or an AWS account. Never shipped."""
