"""Where tasks run: in this process, in processes of this machine, or at a dask scheduler."""

from lstmfin.workers.spec import check_spec as check_spec
from lstmfin.workers.spec import open_workers as open_workers
from lstmfin.workers.tasks import Outcome as Outcome
from lstmfin.workers.tasks import Tick as Tick
from lstmfin.workers.tasks import Workers as Workers
from lstmfin.workers.tasks import run as run
