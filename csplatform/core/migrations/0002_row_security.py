from django.db import migrations

from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [EnableRowSecurity("Job", "AuditEvent", "IdempotencyRecord")]
