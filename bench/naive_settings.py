"""Settings of the naive survey: the product's database, and the middleware every new Django project has."""

from csplatform.settings import *  # noqa: F403  # all settings but the few below

ROOT_URLCONF = "bench.naive_survey"
MIDDLEWARE = [
    "csplatform.ops.OpsMiddleware",  # answers /healthz, by which the bench knows that the server is up
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # the sign-in that is installed refuses to do without
]
