"""The site that ``make docs`` builds: pages that stand here, and those made from the code."""

import sys
from pathlib import Path

from docutils.nodes import SkipNode
from latex2mathml import converter

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
