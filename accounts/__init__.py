"""Who: workspaces, people and roles, customers, contacts, subscriptions, imports, keys."""
