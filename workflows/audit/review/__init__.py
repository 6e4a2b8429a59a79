"""Reading the transition log as an auditor does: by filters, as stories, as pictures of the life cycles, as counts."""
