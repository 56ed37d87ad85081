from django.db import migrations

from csplatform.core.rls import PREDICATE

# Tables made from here on get this form at once; those that exist are brought to it.
REWRITE = f"""
DO $$
DECLARE guarded record;
BEGIN
  FOR guarded IN SELECT schemaname, tablename FROM pg_policies
                 WHERE policyname = 'tenant' AND schemaname = current_schema() LOOP
    EXECUTE format('ALTER POLICY tenant ON %I.%I USING ({PREDICATE.replace("'", "''")}) '
                   'WITH CHECK ({PREDICATE.replace("'", "''")})', guarded.schemaname, guarded.tablename);
  END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_row_security"),
    ]

    operations = [
        migrations.RunSQL(REWRITE, migrations.RunSQL.noop),
    ]
