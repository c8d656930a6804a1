"""Where everything local lives. All of it is ignored by git and made again by `make setup`."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
TEMPLATE = PROJECT / "template.yaml"
REQUIREMENTS = PROJECT / "devstack" / "requirements"
LAYER = PROJECT / "layers" / "system_sender"
FUNCTIONS = PROJECT / "functions"

VENV = PROJECT / ".venv"
LOCAL = PROJECT / ".local"
PIP_VENV = LOCAL / "pip-venv"
SAM_VENV = LOCAL / "sam-venv"
MINISTACK_VENV = LOCAL / "ministack-venv"
RUNTIME_VENV = LOCAL / "runtime-venv"
CHECKOV_VENV = LOCAL / "checkov-venv"
JAVA_VENV = LOCAL / "java"
NODE_VENV = LOCAL / "node"
DYNAMODB = LOCAL / "dynamodb"
BUILD = LOCAL / "build"
LOGS = LOCAL / "logs"
RUN = LOCAL / "run"
STAMPS = LOCAL / "stamps"
