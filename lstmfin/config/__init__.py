"""Every option once: its default, its bounds and its help text.

A section is a frozen dataclass, one for each command that has options. The command line derives
its options from the fields, ``lstmfin.toml`` its keys, and the model file its record of the choice.
"""

from lstmfin.config.commands import TUNABLE as TUNABLE
from lstmfin.config.commands import BacktestConfig as BacktestConfig
from lstmfin.config.commands import DataConfig as DataConfig
from lstmfin.config.commands import FetchConfig as FetchConfig
from lstmfin.config.commands import ForecastConfig as ForecastConfig
from lstmfin.config.commands import PlotConfig as PlotConfig
from lstmfin.config.commands import ReplayConfig as ReplayConfig
from lstmfin.config.commands import TuneConfig as TuneConfig
from lstmfin.config.operations import RunConfig as RunConfig
from lstmfin.config.operations import ScheduleConfig as ScheduleConfig
from lstmfin.config.operations import ScoreConfig as ScoreConfig
from lstmfin.config.option import Section as Section
from lstmfin.config.option import allowed_text as allowed_text
from lstmfin.config.option import choice_names as choice_names
from lstmfin.config.option import option as option
from lstmfin.config.option import without_none as without_none
from lstmfin.config.settings import CONFIG_NAME as CONFIG_NAME
from lstmfin.config.settings import Settings as Settings
from lstmfin.config.settings import differences as differences
from lstmfin.config.settings import load_settings as load_settings
from lstmfin.config.settings import saved_fields as saved_fields
from lstmfin.config.settings import section_from_table as section_from_table
from lstmfin.config.settings import section_to_table as section_to_table
from lstmfin.config.settings import settings_from_table as settings_from_table
from lstmfin.config.settings import toml_value as toml_value
from lstmfin.config.train import CALIBRATIONS as CALIBRATIONS
from lstmfin.config.train import TrainConfig as TrainConfig
