"""The jobs are exactly what workflows stage, and each is patient in its own way."""

from dataclasses import replace
from datetime import timedelta
from inspect import signature

import pytest

from tasks.catalogue import JOBS, check_names
from tasks.job import job
from workflows.engine.job_names import ACTORS
from workflows.runtime.errors import DefinitionError


def test_every_name_that_workflows_stage_has_its_job():
    check_names(JOBS)
    assert {job.name: job.queue for job in JOBS} == ACTORS


def test_a_job_left_out_stops_the_process():
    with pytest.raises(DefinitionError, match=r"done by no job: link\.request"):
        check_names([job for job in JOBS if job.name != "link.request"])


def test_a_job_that_nobody_stages_stops_the_process():
    with pytest.raises(DefinitionError, match=r"no workflow stages link\.reqest"):
        check_names([*JOBS, replace(JOBS[0], name="link.reqest")])


def test_a_name_given_to_two_jobs_stops_the_process():
    with pytest.raises(DefinitionError, match=r"more than one job is called link\.request"):
        check_names([*JOBS, JOBS[0]])


def test_a_misspelt_job_is_refused_where_it_is_written():
    with pytest.raises(KeyError):
        job("link.reqest", lease=timedelta(minutes=1), attempts=3)


@pytest.mark.parametrize("each", JOBS, ids=[job.name for job in JOBS])
def test_a_job_takes_the_ids_that_its_rows_carry(each: object):
    function = next(job.function for job in JOBS if job is each)

    signature(function).bind_partial()
    assert set(signature(function).parameters) <= {"marketplace_id", "id"}


@pytest.mark.parametrize("each", JOBS, ids=[job.name for job in JOBS])
def test_no_job_is_cut_off_later_than_its_lease(each: object):
    patience = next(job for job in JOBS if job is each)

    assert timedelta(seconds=10) <= patience.time_limit < patience.lease
    assert patience.attempts >= 3
