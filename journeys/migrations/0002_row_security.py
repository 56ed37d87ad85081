from django.db import migrations

from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("journeys", "0001_initial")]

    operations = [EnableRowSecurity("Stage", "Move")]
