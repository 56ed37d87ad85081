"""What calls on surveys ask for: a scope of a key, or the permission to run surveys."""

from __future__ import annotations

from accounts.api.access import Need
from accounts.roles import Permission

READ = Need("read", Permission.HOST_SURVEYS)
WRITE = Need("write", Permission.HOST_SURVEYS)
