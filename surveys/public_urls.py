"""Addresses under /s/: what everybody may open."""

from django.urls import path

from surveys.public import answer, confirm, editions, extras, introductions, receipt, thanks, unsubscribe

urlpatterns = [
    path("", editions.index, name="survey_index"),
    path("<slug:slug>/", answer.answer, name="survey_answer"),
    path("<slug:slug>/embed/", answer.embed, name="survey_embed"),
    path("<slug:slug>/thanks/", thanks.thanks, name="survey_thanks"),
    path("<slug:slug>/receipt/", receipt.receipt, name="survey_receipt"),
    path("<slug:slug>/introduction/<str:token>/", introductions.introduction, name="survey_introduction"),
    path("<slug:slug>/confirm/<str:token>/", confirm.wishes, name="survey_confirm"),
    path("<slug:slug>/confirm-answer/<str:token>/", confirm.own_answer, name="survey_confirm_answer"),
    path("<slug:slug>/unsubscribe/<str:token>/", unsubscribe.unsubscribe, name="survey_unsubscribe"),
    path("<slug:slug>/proof/", extras.proof, name="survey_proof"),
    path("<slug:slug>/calendar.ics", extras.calendar, name="survey_calendar"),
    path("<slug:slug>/qr.svg", extras.qr, name="survey_qr"),
]
