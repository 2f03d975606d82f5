"""What is left of a message, a text, a key, once its customer is forgotten."""

from __future__ import annotations

import base64
import json

import pytest
import redaction
from redaction import FORGOTTEN, Customer

from tests.procedures.deployment import PROJECT

ANNA = Customer("c-1001", frozenset({"o-77", "5"}))


@pytest.mark.parametrize(
    ("customer", "text", "without"),
    [
        ("c-1001", "c-1001, and c-1001.", f"{FORGOTTEN}, and {FORGOTTEN}."),
        ("c-1001", "c-10011 xc-1001 c-1001-2", "c-10011 xc-1001 c-1001-2"),
        ("anna@example.com", "to anna@example.com", f"to {FORGOTTEN}"),
        ("anna@example.com", "to joanna@example.com", "to joanna@example.com"),
        ("a.b", "a.b axb", f"{FORGOTTEN} axb"),
        ("x(1)*", "x(1)* x1", f"{FORGOTTEN} x1"),
        ("7", "7 broken by customer 7", f"7 broken by customer {FORGOTTEN}"),
        ("7", "customer 77", "customer 77"),
        ("ab", "ab CUSTOMER_ID=ab", f"ab CUSTOMER_ID={FORGOTTEN}"),
        ("Zoë-1", "von Zoë-1", f"von {FORGOTTEN}"),
    ],
)
def test_a_text_loses_each_mention_and_nothing_else(customer: str, text: str, without: str) -> None:
    assert Customer(customer).without(text) == without
    assert Customer(customer).is_in(text) == (text != without)


@pytest.mark.parametrize("escaped", [True, False])
def test_a_mention_is_found_as_json_escapes_it(escaped: bool) -> None:
    customer = Customer('Zoë "1"\\2')
    assert customer.is_in(json.dumps({"a": 'by\nZoë "1"\\2'}, ensure_ascii=escaped))


def test_no_digit_of_what_stays_changes() -> None:
    text = '{"event_type":"ORDER_CREATED","customer_id":"c-1001","unit_price":1.50,"quantity":1e1}'
    after, own = redaction.message(text, ANNA, linked=False)
    assert own
    assert '"unit_price":1.50,"quantity":1e1' in after


def test_a_message_without_a_customer_goes_by_its_order() -> None:
    text = '{"event_type": "ORDER_CREATED", "order_id": "o-77", "shipping_address": "Lyon"}'
    left = {"event_type": "ORDER_CREATED", "order_id": "o-77"}
    assert json.loads(redaction.message(text, ANNA, linked=True)[0]) == left
    assert redaction.message(text, ANNA, linked=False) == (text, False)
    others = text.replace("{", '{"customer_id": "c-2", ', 1)
    assert redaction.message(others, ANNA, linked=True) == (others, False)


def test_an_order_id_that_says_nothing_does_not_give_up_a_text() -> None:
    assert redaction.payload('{"quantity": 5, ', "utf-8", ANNA, linked=False)[1] is False
    assert redaction.payload('{"order_id": "o-77", ', "utf-8", ANNA, linked=False) == (None, True)


def test_bytes_that_are_no_text_are_given_up_where_the_customer_is_in_them() -> None:
    other = base64.b64encode(b"\xff\xfe c-10011").decode()
    assert redaction.payload(other, "base64", ANNA, linked=False) == (other, False)
    own = base64.b64encode(b"\xff\xfe c-1001 \x00").decode()
    assert redaction.payload(own, "base64", ANNA, linked=False) == (None, True)


@pytest.mark.parametrize(
    ("key", "kept"), [("p-1", {"key": "p-1", "timestamp": 1}), ("Anna", {"timestamp": 1})]
)
def test_the_key_stays_if_it_is_the_products_and_headers_go(
    key: str, kept: dict[str, object]
) -> None:
    text = json.dumps({"key": key, "timestamp": 1, "headers": [{"name": "a", "value": "Anna"}]})
    found = redaction.metadata(text, ANNA, own=True, product_id="p-1")
    assert json.loads(found or "") == kept


def test_the_views_and_the_policy_know_what_stands_for_a_forgotten_customer() -> None:
    text = (PROJECT / "app" / "sql" / "06_analytics.sql").read_text("utf-8")
    assert text.count(f"NULLIF(CUSTOMER_ID, '{FORGOTTEN}')") == 2
