"""Addresses of published results, below a survey's own."""

from django.urls import path

from surveys.public import results

urlpatterns = [
    path("<slug:slug>/results/", results.results, name="survey_results"),
    path("<slug:slug>/results/embed/", results.results, name="survey_results_embed"),
    path("<slug:slug>/results.json", results.file, name="survey_results_json"),
    path("<slug:slug>/results.csv", results.file, name="survey_results_csv"),
    path("<slug:slug>/data.csv", results.file, name="survey_data_csv"),
    path("<slug:slug>/codebook.csv", results.file, name="survey_codebook_csv"),
    path("<slug:slug>/og.png", results.file, name="survey_image"),
]
