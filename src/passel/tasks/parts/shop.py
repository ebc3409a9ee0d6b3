"""Small shops as SQLite databases made from a seed, and questions about them with their reference queries."""

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
    """Question number `index` and its reference query. Forms follow each other, each round of them about a shop of
    its own; their words are drawn."""
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
    """Path of shop `number` of this seed, in Passel's cache folder; made if it is not there yet."""
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
        made = Path(folder, path.name)
        connection = sqlite3.connect(made)
        try:
            for table in _TABLES:
                connection.execute(table)
            for table, row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            connection.commit()
        finally:
            connection.close()
        os.replace(made, path)


def _rows(key: Key) -> Iterator[tuple[str, tuple[Any, ...]]]:
    def pick(place: Key, words: tuple[str, ...]) -> str:
        return words[place.below(len(words))]

    for number in range(1, _CUSTOMERS + 1):
        own = key / "customer" / number
        name = f"{pick(own / 'name', _NAMES)} {pick(own / 'surname', _SURNAMES)}"
        yield "customers", (number, name, pick(own / "city", CITIES), 2018 + (own / "joined").below(6))
    for number in range(1, _PRODUCTS + 1):
        own = key / "product" / number
        name = f"{pick(own / 'look', _LOOKS)} {pick(own / 'thing', _THINGS)}"
        yield "products", (number, name, pick(own / "category", CATEGORIES), (100 + (own / "price").below(9900)) / 100)
    for number in range(1, _ORDERS + 1):
        own = key / "order" / number
        day = f"2024-{1 + (own / 'month').below(12):02d}-{1 + (own / 'day').below(28):02d}"
        # three customers in four order at all, so that questions about those who never did have an answer
        yield "orders", (number, 1 + (own / "customer").below(_CUSTOMERS * 3 // 4), day)
        for product in (own / "products").permutation(_PRODUCTS)[: 1 + (own / "count").below(4)]:
            yield "items", (number, 1 + product, 1 + (own / product).below(5))
