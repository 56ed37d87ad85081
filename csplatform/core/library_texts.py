"""Texts of the packages we build on that our catalogues say again, because ours go before theirs.

Packages translate each for itself: in French one says *courriel* where another, and we, say *e-mail*.
"""

from django.utils.translation import gettext_lazy as _

SAID_AGAIN = (_("Email"), _("Enter a valid email address."))
