"""The site that ``make docs`` builds: pages that stand here, and those made from the code."""

import re
import sys
from pathlib import Path

from docutils.nodes import SkipNode
from latex2mathml import converter
from sphinx.errors import ExtensionError

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402 - it stands beside this file

import lstmfin  # noqa: E402

project, author, version = "lstmfin", "the lstmfin project", lstmfin.__version__
copyright = "the lstmfin project, MIT"  # noqa: A001 - as Sphinx calls it

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["images"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the notebook is executed by `make notebook`, and read by a test
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # they stand in the docstrings, with shapes and units
napoleon_google_docstring = False
napoleon_use_rtype = False

# Nothing is asked of another host: system fonts, formulas as MathML, pictures beside the pages.
html_theme = "furo"
html_title = "lstmfin"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = html_copy_source = False
smartquotes = False  # an option is written --train


def setup(app):
    """Make pages from the code, and let the browser draw formulas."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.connect("builder-inited", lambda _: generate.write_pages(HERE / "generated"))
    app.connect("build-finished", refuse_other_hosts)


def refuse_other_hosts(app, error):
    """Fail where a page would load something from another host; links to follow are welcome."""
    loads = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=["']?(?:https?:)?//""")
    imports = re.compile(r"""(?:@import\s|url\()\s*["']?(?:https?:)?//""")
    for path in () if error else Path(app.outdir).rglob("*"):
        pattern = {".html": loads, ".css": imports}.get(path.suffix)
        if pattern and (found := pattern.search(path.read_text())):
            raise ExtensionError(f"{path} would ask another host: {found[0]}")


def visit_inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(mathml(node.astext(), "inline"))
    raise SkipNode


def visit_block(translator, node):
    """Write formulas that stand by themselves."""
    for formula in filter(None, node.astext().split("\n\n")):
        translator.body.append(f'<p class="formula">{mathml(formula, "block")}</p>')
    raise SkipNode


def mathml(formula, display):
    return converter.convert(" ".join(formula.split()), display=display)
