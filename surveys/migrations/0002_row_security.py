from django.db import migrations

from csplatform.core.rls import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("surveys", "0001_initial")]

    operations = [
        EnableRowSecurity(
            "Survey",
            "Option",
            "Question",
            "Response",
            "Removal",
            "Erasure",
            "OptIn",
            "Introduction",
            "IntroductionGuest",
            "Theme",
            "Coding",
            "CodingStep",
            "Publication",
            "Correction",
            "Dispatch",
            "SurveyInvitation",
            "Suppression",
        )
    ]
