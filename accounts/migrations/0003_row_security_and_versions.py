"""Row policies, and the triggers that keep what was known of contacts and subscriptions."""

from django.db import migrations

from csplatform.core.rls import EnableRowSecurity

CONTACT_TRIGGER = """
CREATE FUNCTION accounts_keep_contact_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.customer_id, OLD.is_sponsor, OLD.is_champion)
       IS NOT DISTINCT FROM (NEW.customer_id, NEW.is_sponsor, NEW.is_champion) THEN
    RETURN NULL;
  END IF;
  INSERT INTO accounts_contactversion
    (workspace_id, contact_id, customer_id, is_sponsor, is_champion, known_at, recorded_at)
  VALUES (NEW.workspace_id, NEW.id, NEW.customer_id, NEW.is_sponsor, NEW.is_champion, NEW.known_at, clock_timestamp());
  RETURN NULL;
END $$;
CREATE TRIGGER keep_version AFTER INSERT OR UPDATE ON accounts_contact
  FOR EACH ROW EXECUTE FUNCTION accounts_keep_contact_version();
"""

_TERMS = (
    "product, plan, seats, arr_minor, currency, billing_period_months, starts_on, ends_on, cancelled_on, "
    "renewal_on, auto_renews, notice_days"
)
_NEW = ", ".join(f"NEW.{column.strip()}" for column in _TERMS.split(","))
_OLD = ", ".join(f"OLD.{column.strip()}" for column in _TERMS.split(","))

SUBSCRIPTION_TRIGGER = f"""
CREATE FUNCTION accounts_keep_subscription_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.customer_id, {_OLD}) IS NOT DISTINCT FROM (NEW.customer_id, {_NEW}) THEN
    RETURN NULL;
  END IF;
  INSERT INTO accounts_subscriptionversion
    (workspace_id, subscription_id, customer_id, {_TERMS}, known_at, recorded_at)
  VALUES (NEW.workspace_id, NEW.id, NEW.customer_id, {_NEW}, NEW.known_at, clock_timestamp());
  RETURN NULL;
END $$;
CREATE TRIGGER keep_version AFTER INSERT OR UPDATE ON accounts_subscription
  FOR EACH ROW EXECUTE FUNCTION accounts_keep_subscription_version();
"""

UNDO = """
DROP TRIGGER keep_version ON accounts_contact; DROP FUNCTION accounts_keep_contact_version();
DROP TRIGGER keep_version ON accounts_subscription; DROP FUNCTION accounts_keep_subscription_version();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]

    operations = [
        EnableRowSecurity(
            "Customer",
            "CustomerTrigram",
            "AttributeDefinition",
            "AttributeValue",
            "AccountTeamMember",
            "Contact",
            "ContactVersion",
            "Subscription",
            "SubscriptionVersion",
            "ImportRun",
            "SavedSegment",
        ),
        migrations.RunSQL(CONTACT_TRIGGER + SUBSCRIPTION_TRIGGER, UNDO),
    ]
