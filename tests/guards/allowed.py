"""What the guards let pass, each with its reason. An entry that no longer applies fails its test."""

from __future__ import annotations

# Addresses that answer without sign-in.
PUBLIC_ROUTES = {
    "/accounts/login/": "signing in",
    "/accounts/logout/": "signing out twice is no error",
    "/accounts/login/code/confirm/": "a code by mail instead of a password: not on offer, goes to sign-in",
    "/accounts/signup/": "says that sign-up is by invitation, unless the operator opened it",
    "/accounts/inactive/": "says that the account is closed",
    "/accounts/confirm-email/": "says that a mail was sent",
    "/accounts/confirm-email/%(key)s/": "the link of a mail; its key is signed",
    "/accounts/password/reset/": "asking for a reset; answers alike for every address",
    "/accounts/password/reset/done/": "says that a mail was sent",
    "/accounts/password/reset/key/%(uidb36)s-%(key)s/": "the link of a mail; its key is signed",
    "/accounts/password/reset/key/done/": "says that the password was changed",
    "/accounts/2fa/authenticate/": "the second step of signing in; goes back to the first",
    "/accounts/2fa/webauthn/login/": "signing in by passkey",
    "/accounts/3rdparty/login/cancelled/": "coming back from an identity provider",
    "/accounts/3rdparty/login/error/": "coming back from an identity provider",
    "/accounts/3rdparty/signup/": "coming back from an identity provider; goes to sign-in",
    "/accounts/oidc/%(provider_id)s/login/": "signing in with an identity provider",
    "/accounts/oidc/%(provider_id)s/login/callback/": "coming back from an identity provider",
    "/accounts/social/connections/": "an older address, moved to /accounts/3rdparty/",
    "/accounts/social/login/cancelled/": "an older address, moved to /accounts/3rdparty/",
    "/accounts/social/login/error/": "an older address, moved to /accounts/3rdparty/",
    "/accounts/social/signup/": "an older address, moved to /accounts/3rdparty/",
    "/admin/logout/": "goes on to signing out",
    "/admin/jsi18n/": "words for the admin's scripts, the same for everybody",
    "/invitations/%(token)s/": "the link of an invitation's mail; its token is the key",
    "/p/%(token)s/": "a customer's own view of its success plan, by a link that can be revoked; its token is signed",
    "/robots.txt": "what search engines may read; holds no data",
    "/language/": "a reader's language, kept in a cookie",
    "/s/": "the public list of editions",
    "/s/%(slug)s/": "answering a survey; no account is the point",
    "/s/%(slug)s/results/": "published results are for everybody",
    "/s/%(slug)s/results/embed/": "the ranking of published results, inside another page",
    "/s/%(slug)s/results.json": "published results, already made private",
    "/s/%(slug)s/results.csv": "published results, already made private",
    "/s/%(slug)s/data.csv": "anonymised answers, where the hosts publish them",
    "/s/%(slug)s/codebook.csv": "what the keys of the downloads mean",
    "/s/%(slug)s/og.png": "the share image of published results",
    "/s/%(slug)s/calendar.ics": "the day of the results, for a calendar",
    "/s/%(slug)s/confirm/%(token)s/": "confirming an address, by the link of a mail; its token is signed",
    "/s/%(slug)s/confirm-answer/%(token)s/": "letting one's answer count, by the link of a mail; its token is signed",
    "/s/%(slug)s/embed/": "answering inside a page of another site",
    "/s/%(slug)s/introduction/%(token)s/": "agreeing to be introduced, by the link of a mail; its token is the key",
    "/s/%(slug)s/proof/": "a proof of work to solve; holds no data",
    "/s/%(slug)s/qr.svg": "the public address as a picture",
    "/s/%(slug)s/receipt/": "one's own answer, opened by the code only its author has",
    "/s/%(slug)s/thanks/": "the receipt of an answer just given, opened by a signed ticket",
    "/s/%(slug)s/unsubscribe/%(token)s/": "the way out of survey mail; its token is signed",
    "/setup/": "says how an installation without people begins; not found once there are people",
    "/setup/%(key)s/": "makes the first workspace while no person exists; its key is signed",
    "/theme/": "a reader's theme, kept in a cookie",
    "/api/schema/": "describes the interface; holds no data",
    "/api/docs/": "shows the description; holds no data",
    "/api/": "any other address below: not found, as a problem document",
}

# Addresses that serve a signed-in person who is in no workspace.
PERSONAL_ROUTES = {
    "/accounts/email/": "one's own addresses",
    "/accounts/password/change/": "one's own password",
    "/accounts/password/set/": "one's own password",
    "/accounts/reauthenticate/": "confirming it is oneself",
    "/accounts/3rdparty/": "one's own identity providers",
    "/settings/profile/": "one's own name and language",
    "/workspaces/new/": "a workspace of one's own, where the operator opened sign-up",
    "/workspaces/none/": "says that one is in no workspace",
    "/workspaces/switch/": "choosing another workspace: none is one's own",
}
PERSONAL_PREFIXES = {"/accounts/2fa/": "one's own second factors"}

# Addresses with a parameter that names no record.
RECORDLESS_ROUTES = {
    "/admin/%(app_label)s/": "a menu of the administration",
    "/admin/%(url)s": "any other address below: not found",
    "/journeys/team/tempo/%(department)s/": "a department: every workspace has the same ones",
}

# Tables whose rows belong to a workspace, yet stand outside row-level security.
OUTSIDE_ROW_SECURITY = {
    "accounts_membership": "read to find out which workspace a request belongs to",
    "accounts_invitation": "found by a link's token before anybody is signed in",
    "accounts_apikey": "found by its prefix before the workspace is known",
    "accounts_webhookdue": "ids only; the sweep serves all workspaces",
    "core_outboxevent": "ids only; the sweep serves all workspaces",
    "surveys_publicslug": "read to find out which workspace a public survey page belongs to",
    "health_adoptionmark": "ids only; the sweep serves all workspaces",
    "health_dirtycustomer": "ids only; the sweep serves all workspaces",
    "health_latearrival": "ids only; the sweep serves all workspaces",
}

# Tables without a workspace.
GLOBAL_TABLES = {
    "accounts_workspace": "the workspaces themselves",
    "accounts_user": "people are global: one person, several workspaces",
    "accounts_user_groups": "comes with Django's user model; not used",
    "accounts_user_user_permissions": "comes with Django's user model; not used",
    "auth_group": "comes with Django; not used",
    "auth_group_permissions": "comes with Django; not used",
    "auth_permission": "comes with Django; not used",
    "account_emailaddress": "addresses of people, who are global",
    "account_emailconfirmation": "addresses of people, who are global",
    "mfa_authenticator": "second factors of people, who are global",
    "socialaccount_socialaccount": "identities of people, who are global",
    "socialaccount_socialapp": "identity providers of the installation",
    "socialaccount_socialtoken": "identities of people, who are global",
    "core_scheduleslot": "which scheduled job ran when, for the installation",
    "django_admin_log": "stays empty: the administration writes the audit trail",
    "django_content_type": "names of models",
    "django_migrations": "which migrations ran",
    "django_session": "sessions of people, who are global",
}

# Tenant models the administration does not show.
NOT_IN_ADMINISTRATION = {
    "health.eventname": "what a look-up file said; importing it again changes it",
    "health.onboarding": "machinery: how far the way from files to a proof has come, shown and changed on its page",
    "health.onboardingfile": "machinery: files on that way; their imports are shown",
    "accounts.customerfacet": "tags and places of customers once more, kept by a trigger",
    "accounts.customerhealth": "what lists show of a score, kept with it; the score is shown",
    "accounts.customertrigram": "pieces of names for the search, rebuilt with them",
    "accounts.renewalnews": "that a renewal was told of; the subscription and the news are shown",
    "accounts.webhookdue": "when a delivery is due, which the delivery says too",
    "core.idempotencyrecord": "first answers to retried requests, kept for a day",
    "core.outboxevent": "messages between parts of the program",
    "health.adoptionmark": "two columns as key, which Django's admin cannot show",
    "health.contactalias": "two columns as key, which Django's admin cannot show",
    "health.contactseen": "two columns as key, which Django's admin cannot show",
    "health.dirtycustomer": "two columns as key, which Django's admin cannot show",
    "health.event": "millions of rows; the customer's page and the usage interface show them",
    "health.featureseen": "two columns as key, which Django's admin cannot show",
    "health.latearrival": "two columns as key, which Django's admin cannot show",
    "health.messagekey": "two columns as key, which Django's admin cannot show",
    "health.profileclock": "two columns as key, which Django's admin cannot show",
    "health.scoringshard": "pieces of a scoring run, which is shown",
    "health.usagewindow": "two columns as key, which Django's admin cannot show",
    "surveys.publicslug": "which workspace an address belongs to; the survey shows it",
}
