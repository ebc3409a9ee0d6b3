"""The forms of questions about a shop, each with its reference query."""

from __future__ import annotations

__all__ = ["CATEGORIES", "CITIES", "QUESTIONS"]

CITIES = ("Lisbon", "Oslo", "Kyoto", "Quito", "Cairo")
CATEGORIES = ("home", "garden", "toys", "office")

_LINES = "items JOIN products ON products.id = items.product_id"
_SALES = f"{_LINES} JOIN orders ON orders.id = items.order_id"
_BUYERS = f"{_SALES} JOIN customers ON customers.id = orders.customer_id"
_PLACED = "customers JOIN orders ON orders.customer_id = customers.id"

QUESTIONS = (
    ("How many customers live in {city}?", "SELECT COUNT(*) FROM customers WHERE city = '{city}'"),
    (
        "What are the names of the customers from {city}, in alphabetical order?",
        "SELECT name FROM customers WHERE city = '{city}' ORDER BY name",
    ),
    ("Which different cities do customers live in?", "SELECT DISTINCT city FROM customers"),
    ("How many customers joined after {year}?", "SELECT COUNT(*) FROM customers WHERE joined > {year}"),
    ("How many customers live in each city?", "SELECT city, COUNT(*) FROM customers GROUP BY city"),
    (
        "Which city has the most customers? If several do, take the alphabetically first.",
        "SELECT city FROM customers GROUP BY city ORDER BY COUNT(*) DESC, city LIMIT 1",
    ),
    (
        "In which cities do at least 2 customers live who joined in {year} or before?",
        "SELECT city FROM customers WHERE joined <= {year} GROUP BY city HAVING COUNT(*) >= 2",
    ),
    (
        "What is the average price of {category} products?",
        "SELECT AVG(price) FROM products WHERE category = '{category}'",
    ),
    (
        "Which products cost more than {price}? Give name and price.",
        "SELECT name, price FROM products WHERE price > {price}",
    ),
    (
        "What are the ids of the {few} most expensive products? Order them by price, highest first, then by id.",
        "SELECT id FROM products ORDER BY price DESC, id LIMIT {few}",
    ),
    (
        "For each category, what are the lowest and the highest price?",
        "SELECT category, MIN(price), MAX(price) FROM products GROUP BY category",
    ),
    (
        "Which products cost more than the average product? Give their ids.",
        "SELECT id FROM products WHERE price > (SELECT AVG(price) FROM products)",
    ),
    (
        "Which product of each category is the most expensive? Give category and id.",
        "SELECT category, id FROM products AS p"
        " WHERE price = (SELECT MAX(price) FROM products WHERE category = p.category)",
    ),
    (
        "How many products are there in categories other than {category}?",
        "SELECT COUNT(*) FROM products WHERE category <> '{category}'",
    ),
    ("How many orders were placed in {month}?", "SELECT COUNT(*) FROM orders WHERE day LIKE '{month}-%'"),
    (
        "How many orders were placed in each month? Give the month as YYYY-MM, in order.",
        "SELECT SUBSTR(day, 1, 7) AS month, COUNT(*) FROM orders GROUP BY month ORDER BY month",
    ),
    ("On which day was the first order placed?", "SELECT MIN(day) FROM orders"),
    (
        "What are the ids of the customers who never placed an order?",
        "SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",
    ),
    (
        "How many orders did each customer place, those without an order included? Give customer id and count.",
        "SELECT customers.id, COUNT(orders.id) FROM customers LEFT JOIN orders ON orders.customer_id = customers.id"
        " GROUP BY customers.id",
    ),
    (
        "What are the ids of the customers with more than {few} orders?",
        "SELECT customer_id FROM orders GROUP BY customer_id HAVING COUNT(*) > {few}",
    ),
    (
        "How many orders were placed by customers from {city}?",
        f"SELECT COUNT(*) FROM {_PLACED} WHERE city = '{{city}}'",
    ),
    (
        "Which different customers ordered in {month}? Give their ids.",
        "SELECT DISTINCT customer_id FROM orders WHERE day LIKE '{month}-%'",
    ),
    (
        "What are the ids of the products that stand in fewer than 10 orders, those in none included?",
        "SELECT products.id FROM products LEFT JOIN items ON items.product_id = products.id"
        " GROUP BY products.id HAVING COUNT(items.order_id) < 10",
    ),
    (
        "How many pieces of {category} products were sold in all?",
        f"SELECT SUM(quantity) FROM {_LINES} WHERE category = '{{category}}'",
    ),
    (
        "What is the turnover (price times quantity) of each category?",
        f"SELECT category, SUM(price * quantity) FROM {_LINES} GROUP BY category",
    ),
    (
        "What is the total value of each order above {price}0? Give order id and value, the highest first.",
        f"SELECT order_id, SUM(price * quantity) AS value FROM {_LINES} GROUP BY order_id HAVING value > {{price}}0"
        " ORDER BY value DESC, order_id",
    ),
    (
        "What was the turnover in {month}?",
        f"SELECT SUM(price * quantity) FROM {_SALES} WHERE day LIKE '{{month}}-%'",
    ),
    (
        "What is the id of the customer who spent the most in all?",
        f"SELECT customer_id FROM {_SALES} GROUP BY customer_id ORDER BY SUM(price * quantity) DESC LIMIT 1",
    ),
    (
        "How much did customers of each city spend on {category} products?",
        f"SELECT city, SUM(price * quantity) FROM {_BUYERS} WHERE category = '{{category}}' GROUP BY city",
    ),
    (
        "What is the average number of different products in an order?",
        "SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM items GROUP BY order_id)",
    ),
)
"""Words in braces are filled in by `shop.question`."""
