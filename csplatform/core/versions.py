"""Triggers that keep what was known of a record, so that no way of writing can forget it."""

from __future__ import annotations

from collections.abc import Sequence


def keep_versions(table: str, versions: str, record: str, columns: Sequence[str]) -> tuple[str, str]:
    """SQL (forwards, backwards): inserts into ``table``, and updates of its ``columns``, add rows to ``versions``.

    ``record``: the column of ``versions`` that names the record. Both tables have ``workspace_id`` and ``known_at``,
    and the version says by the database's clock when it was stored.
    """
    name, _, kept = table.partition("_")
    function = f"{name}_keep_{kept}_version"
    listed, old, new = (", ".join(f"{row}{column}" for column in columns) for row in ("", "OLD.", "NEW."))
    forwards = f"""
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND ({old}) IS NOT DISTINCT FROM ({new}) THEN
    RETURN NULL;
  END IF;
  INSERT INTO {versions} (workspace_id, {record}, {listed}, known_at, recorded_at)
  VALUES (NEW.workspace_id, NEW.id, {new}, NEW.known_at, clock_timestamp());
  RETURN NULL;
END $$;
CREATE TRIGGER keep_version AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();
"""
    return forwards, f"DROP TRIGGER keep_version ON {table}; DROP FUNCTION {function}();"
