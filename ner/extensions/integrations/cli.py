"""``ner push``: a model and its card to the Hugging Face Hub."""

import click

from ner.cli.options import check_model
from ner.errors import escaped


@click.command(short_help="Put a model on the Hugging Face Hub.")
@click.argument("model", metavar="MODEL")
@click.argument("repository", metavar="USER/NAME")
@click.option("--private", is_flag=True, help="Make a repository that only you may see.")
@click.option("--language", multiple=True, metavar="CODE", help="Language, as en; repeatable.")
@click.option("--licence", default="", metavar="NAME", help="Licence of the model, as mit.")
def push(
    model: str, repository: str, private: bool, language: tuple[str, ...], licence: str
) -> None:
    """Put a model, in one file, and its card into a repository on the Hugging Face Hub.

    MODEL is a run folder, model folder, file of ner export, or a name that ner info lists. Log in
    before, with hf auth login. The address that is printed is what ner.load and --model take.
    """
    check_model(model)
    from ner.extensions.integrations.hub import push as push_model
    from ner.tagger import Tagger

    tagger = Tagger.load(model, "cpu")
    address = push_model(tagger, repository, private=private, language=language, licence=licence)
    click.echo(escaped(address))
