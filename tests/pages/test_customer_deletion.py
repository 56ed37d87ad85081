"""Deleting a customer from its pages: by whom, and not before it was seen what goes."""

from __future__ import annotations

from django.test import Client

from accounts.roles import MATRIX, Permission, Role
from tests.pages.conftest import House


def test_every_role_as_the_matrix_says(house: House) -> None:
    for role in Role:
        may = Permission.DELETE_CUSTOMERS in MATRIX[role]
        answer = house.client(role).get(f"/customers/{house.customer.pk}/delete/")
        assert answer.status_code == (200 if may else 403), role
        edit = house.client(role).get(f"/customers/{house.customer.pk}/edit/").content.decode()
        assert ("Delete customer" in edit) == may, role
    assert house.client(Role.CSM).post(f"/customers/{house.customer.pk}/delete/").status_code == 403


def test_a_stranger_finds_nothing(house: House) -> None:
    client = Client()
    client.force_login(house.stranger.user)
    for method in (client.get, client.post):
        assert method(f"/customers/{house.customer.pk}/delete/").status_code == 404


def test_it_shows_what_goes_and_deletes_when_confirmed(house: House) -> None:
    client, address = house.client(Role.MANAGER), f"/customers/{house.customer.pk}/delete/"
    page = client.get(address)
    assert page.context["counts"] == [("Contacts", 1), ("Subscriptions", 1)]
    stale = client.post(address, {"version": "99"})
    assert "nothing was deleted" in stale.content.decode()
    assert client.post(address).status_code == 200
    done = client.post(address, {"version": str(house.customer.version)}, follow=True)
    assert "Nottingham Freight was deleted" in done.content.decode()
    assert client.get(f"/customers/{house.customer.pk}/").status_code == 404
    assert client.get(address).status_code == 404
