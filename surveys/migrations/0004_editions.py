"""What the public list of editions shows, beside the address and kept by a trigger: it is read without a workspace."""

from django.db import migrations, models

KEEP_LISTING = """
CREATE FUNCTION surveys_keep_listing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE surveys_publicslug SET listing = CASE
        WHEN NEW.is_listed AND NEW.audience = 'community' AND NEW.state IN ('open', 'published') THEN jsonb_build_object(
            'title', NEW.title, 'languages', to_jsonb(NEW.languages), 'kind', NEW.kind, 'state', NEW.state,
            'wave', NEW.wave, 'hosts', NEW.hosts, 'opened_at', NEW.opened_at, 'closes_at', NEW.closes_at,
            'results_on', NEW.results_on, 'published_at', NEW.published_at)
        END
    WHERE survey_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_listing AFTER UPDATE ON surveys_survey FOR EACH ROW EXECUTE FUNCTION surveys_keep_listing();
DO $$
DECLARE place uuid;
BEGIN
    FOR place IN SELECT id FROM accounts_workspace LOOP
        PERFORM set_config('app.workspace', place::text, true);
        UPDATE surveys_survey SET slug = slug;
    END LOOP;
    PERFORM set_config('app.workspace', '', true);
END $$;
"""
FORGET_LISTING = """
DROP TRIGGER keep_listing ON surveys_survey;
DROP FUNCTION surveys_keep_listing();
"""


class Migration(migrations.Migration):
    dependencies = [("surveys", "0003_publication_basis")]

    operations = [
        migrations.AddField("publicslug", "listing", models.JSONField(blank=True, default=None, null=True)),
        migrations.AddIndex(
            "publicslug",
            models.Index(fields=["slug"], name="survey_listed", condition=models.Q(listing__isnull=False)),
        ),
        migrations.RunSQL(KEEP_LISTING, FORGET_LISTING),
    ]
