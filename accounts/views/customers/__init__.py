"""The customer pages: list, export, bulk changes, one customer, editing."""
