"""A Valkey of the test's own, which ends and comes back empty while work goes on."""

from cli.embedded import EmbeddedValkey
from tests.tasks.processes import Processes, until
from tests.tasks.rows import none_left, stage


async def test_work_goes_on_after_valkey_died_and_came_back_with_nothing(
    processes: Processes, mortal_valkey: EmbeddedValkey
):
    url = mortal_valkey.url
    await processes.ready(processes.worker("links", REDIS_URL=url), processes.dispatcher(REDIS_URL=url))
    ids = await stage("link.request", count=300)
    await until(lambda: len(processes.noted()) >= 20)

    mortal_valkey.stop()
    ids += await stage("link.request", count=50)
    await until(lambda: processes.started[1].said("broker away"))
    mortal_valkey.start()
    await until(none_left)

    assert sorted(processes.noted()) == sorted(ids)
