from django.db import connections, migrations

_WORDS = {
    "bands": "band",
    "states": "contract_state",
    "stages": "stage",
    "tags": "tag",
    "countries": "country",
    "industries": "industry",
}
_NUMBER_SCALE = 10_000


def rewrite(apps, schema_editor):
    """Whom sendings were addressed to, in the language of segments. One workspace after the other, for row policies."""
    alias = schema_editor.connection.alias
    dispatches = apps.get_model("surveys", "Dispatch")._base_manager.using(alias)
    definitions = apps.get_model("accounts", "AttributeDefinition")._base_manager.using(alias)
    workspaces = apps.get_model("accounts", "Workspace")._base_manager.using(alias)
    for workspace_id, currency in list(workspaces.values_list("pk", "currency")):
        _enter(alias, str(workspace_id))
        keys = {str(row.pk): row for row in definitions.filter(workspace_id=workspace_id)}
        for row in list(dispatches.filter(workspace_id=workspace_id).exclude(conditions={})):
            if "all" in row.conditions:
                continue
            parts = list(_parts(row.conditions, keys, currency))
            assert dispatches.filter(pk=row.pk).update(conditions={"all": parts}) == 1
    _enter(alias, "")


def _parts(said, keys, currency):
    from babel.numbers import get_currency_precision

    if said.get("search") is not None:
        yield {"field": "customer", "op": "in", "value": said["search"]}
    if said.get("name_prefix"):
        yield {"field": "name", "op": "starts_with", "value": said["name_prefix"]}
    for old, field in _WORDS.items():
        if said.get(old):
            yield {"field": field, "op": "in", "value": said[old]}
    people = [value for value in said.get("csm") or [] if value != "none"]
    choices = [{"field": "csm", "op": "in", "value": people}] if people else []
    choices += [{"field": "csm", "op": "not_set"}] if "none" in (said.get("csm") or []) else []
    if choices:
        yield {"any": choices} if len(choices) > 1 else choices[0]
    yield from _ends("arr", said.get("arr"), 10 ** get_currency_precision(currency))
    yield from _ends("churn_risk", said.get("risk"), 100)
    if said.get("notice_by"):
        yield {"field": "notice_deadline", "op": "lte", "value": said["notice_by"]}
    for told in said.get("attributes") or []:
        definition = keys.get(told["definition_id"])
        field = f"attributes.{definition.key if definition else told['definition_id']}"
        for name in ("text", "boolean"):
            if told.get(name) is not None:
                yield {"field": field, "op": "eq", "value": told[name]}
        yield from _ends(field, told.get("numbers"), _NUMBER_SCALE)
        yield from _ends(field, told.get("dates"), None)


def _ends(field, ends, scale):
    for op, value in zip(("gte", "lte"), ends or (), strict=False):
        if value is not None:
            yield {"field": field, "op": op, "value": value if scale is None else value / scale}


def _enter(alias, workspace):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT set_config('app.workspace', %s, true)", [workspace])


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0007_known_scores"),
        ("accounts", "0016_segment_definitions"),
    ]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
