"""Small shops as SQLite databases, generated from a seed, and questions about them with their reference queries."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from passel.core.errors import UsageError
from passel.core.folders import cache_folder
from passel.core.key import Key
from passel.tasks.parts.shop_questions import CATEGORIES, CITIES, QUESTIONS

__all__ = ["question", "shop_database"]

_TABLES = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, joined INTEGER)",
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category TEXT, price REAL)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), day TEXT)",
    "CREATE TABLE items (order_id INTEGER REFERENCES orders(id), product_id INTEGER REFERENCES products(id),"
    " quantity INTEGER, PRIMARY KEY (order_id, product_id))",
)
_NAMES = (
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eve",
    "Finn",
    "Gia",
    "Hal",
    "Ivy",
    "Jon",
    "Kim",
    "Leo",
    "Mia",
    "Ned",
    "Ola",
    "Pia",
)
_SURNAMES = ("Abel", "Brook", "Cole", "Drew", "Ellis", "Frost", "Grant", "Hale")
_THINGS = ("lamp", "chair", "kettle", "map", "drum", "kite", "pen", "rug", "clock", "mug", "ball", "vase")
_LOOKS = ("red", "blue", "small", "large", "old")
_CUSTOMERS, _PRODUCTS, _ORDERS = 40, 30, 120


def question(seed: int, index: int) -> tuple[str, str]:
    """Question number `index` and its reference query. The forms of questions follow each other; each round of all
    forms is about another shop. The words in a form are random."""
    form, query = QUESTIONS[index % len(QUESTIONS)]
    key = Key(seed) / "shop" / "question" / index
    words: dict[str, Any] = {
        "city": CITIES[(key / "city").below(len(CITIES))],
        "category": CATEGORIES[(key / "category").below(len(CATEGORIES))],
        "year": 2019 + (key / "year").below(4),
        "month": f"2024-{1 + (key / 'month').below(12):02d}",
        "price": 20 + 5 * (key / "price").below(8),
        "few": 2 + (key / "few").below(4),
    }
    return form.format(**words), query.format(**words)


def shop_database(seed: int, number: int) -> str:
    """The path of the database of shop `number` of this seed, in Passel's cache folder; it is made if it is missing."""
    rows, digest = _shop(seed, number)
    path = cache_folder() / "databases" / f"shop-{digest}.sqlite"
    if not path.is_file():
        try:
            _write(path, rows)
        except OSError as error:
            raise UsageError(f"{path} cannot be written ({error}); set PASSEL_CACHE to another folder") from error
    return str(path)


@cache
def _shop(seed: int, number: int) -> tuple[list[tuple[str, tuple[Any, ...]]], str]:
    rows = [*_rows(Key(seed) / "shop" / number)]
    return rows, hashlib.sha256(repr((_TABLES, rows)).encode()).hexdigest()[:16]


def _write(path: Path, rows: list[tuple[str, tuple[Any, ...]]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        temporary = Path(folder, path.name)
        connection = sqlite3.connect(temporary)
        try:
            for table in _TABLES:
                connection.execute(table)
            for table, row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            connection.commit()
        finally:
            connection.close()
        os.replace(temporary, path)


def _rows(key: Key) -> Iterator[tuple[str, tuple[Any, ...]]]:
    def pick(key: Key, words: tuple[str, ...]) -> str:
        return words[key.below(len(words))]

    for number in range(1, _CUSTOMERS + 1):
        row = key / "customer" / number
        name = f"{pick(row / 'name', _NAMES)} {pick(row / 'surname', _SURNAMES)}"
        yield "customers", (number, name, pick(row / "city", CITIES), 2018 + (row / "joined").below(6))
    for number in range(1, _PRODUCTS + 1):
        row = key / "product" / number
        name = f"{pick(row / 'look', _LOOKS)} {pick(row / 'thing', _THINGS)}"
        yield "products", (number, name, pick(row / "category", CATEGORIES), (100 + (row / "price").below(9900)) / 100)
    for number in range(1, _ORDERS + 1):
        row = key / "order" / number
        day = f"2024-{1 + (row / 'month').below(12):02d}-{1 + (row / 'day').below(28):02d}"
        # only three customers in four have orders, so that questions about customers without orders have an answer
        yield "orders", (number, 1 + (row / "customer").below(_CUSTOMERS * 3 // 4), day)
        for product in (row / "products").permutation(_PRODUCTS)[: 1 + (row / "count").below(4)]:
            yield "items", (number, 1 + product, 1 + (row / product).below(5))
