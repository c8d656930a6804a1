"""Makes the tables of the models on an engine, and empties them."""

from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import TableError

from system_sender.models import MODELS

# DynamoDB's own limit.
_MOST_IN_A_BATCH = 25


def create_tables(connection: Connection) -> None:
    """Create every table that does not exist yet."""
    existing = set(connection.list_tables()["TableNames"])
    for model in MODELS:
        if model.Meta.table_name in existing:
            continue
        schema = model._get_schema()
        try:
            connection.create_table(
                model.Meta.table_name,
                billing_mode="PAY_PER_REQUEST",
                key_schema=schema["key_schema"],
                attribute_definitions=schema["attribute_definitions"],
                global_secondary_indexes=schema["global_secondary_indexes"],
            )
        except TableError as error:
            if "ResourceInUseException" not in str(error):
                raise


def rows(connection: Connection, model: Any) -> list[Any]:
    """Return every row of a table."""
    return [model.from_raw_data(item) for item in _items(connection, model.Meta.table_name)]


def empty_tables(connection: Connection) -> None:
    """Delete every row, so that the next run starts from nothing."""
    for model in MODELS:
        table = model.Meta.table_name
        names = [key["AttributeName"] for key in model._get_schema()["key_schema"]]
        items = _items(connection, table)
        for first in range(0, len(items), _MOST_IN_A_BATCH):
            batch = items[first : first + _MOST_IN_A_BATCH]
            keys = [{name: item[name] for name in names} for item in batch]
            requests = [{"DeleteRequest": {"Key": key}} for key in keys]
            connection.dispatch("BatchWriteItem", {"RequestItems": {table: requests}})


def _items(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Return every item of a table: a scan's answer ends at a megabyte."""
    items: list[dict[str, Any]] = []
    arguments: dict[str, Any] = {"TableName": table}
    while True:
        answer = connection.dispatch("Scan", arguments)
        items += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return items
        arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
