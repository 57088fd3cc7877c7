"""Completion scripts, asked by the shells themselves: commands, options, choices, photos."""

import shutil
import subprocess

import pytest

from untone import cli

QUESTIONS = {
    "untone ins": {"inspect"},
    "untone meta": {"meta-init"},
    "untone pho": {"photo.jpg"},
    "untone photo.jpg --map-": {"--map-size", "--map-quality"},
    "untone --map-size qua": {"quarter"},
    "untone inspect --stri": {"--strict"},
    "untone inspect pho": {"photo.jpg"},
    "untone data ren": {"render"},
    "untone data render --prot": {"--protocol"},
    "untone train gm": {"gmnet"},
    "untone completion fi": {"fish"},
}
"""What is on the line when Tab is pressed -> what is offered."""

BASH = """
source ./script
complete -p untone | grep -q -- "-o bashdefault -F _shtab_untone untone" || exit 1
compopt() { :; }
while IFS= read -r line; do
  read -ra COMP_WORDS <<< "$line"
  COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
  _shtab_untone
  [ ${#COMPREPLY[@]} = 0 ] && COMPREPLY=($(compgen -f -- "${COMP_WORDS[-1]}"))
  echo "${COMPREPLY[@]}"
done
"""
"""Calls the function as readline would; where it has no answer, `bashdefault` has readline offer files."""

FISH = """
source ./script
while read -l line
  echo (complete -C "$line" | string replace -r '\\t.*' '')
end
"""

ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
ask() { zpty -w shell "$1"; zpty -r shell answer "*$2*READY" }
ask 'PS1=REA""DY RPS1=; TERM=dumb; unsetopt prompt_cr prompt_sp; autoload -Uz compinit; print A""B' AB
ask 'compinit -u -D; compdef _untone untone; fpath=(. $fpath); autoload -Uz _untone; print C""D' CD
ask 'bindkey "^I" list-choices; zstyle ":completion:*" verbose no; print E""F' EF
while IFS= read -r line; do
  zpty -w -n shell "$line"$'\t\x15'
  ask 'print G""H' GH
  print -r -- ${(f)${answer//$'\r'/$'\n'}} | tr '\n\b' '  '
  print
done
"""
"""An interactive zsh in a pseudo-terminal: Tab lists what there is, and a mark is printed behind it.

What is typed before its prompt stands there, the terminal takes itself: Control-U would take the question away.
"""


def asked(shell, code, folder):
    """What a shell offers for each question, as sets of words."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here: its completion is not tried")
    (folder / "photo.jpg").touch()
    done = subprocess.run([shell, "-c", code], input="\n".join(QUESTIONS) + "\n", cwd=folder, check=True,
                          capture_output=True, text=True, timeout=300)  # fmt: skip
    return [(question, set(line.split())) for question, line in zip(QUESTIONS, done.stdout.splitlines(), strict=True)]


@pytest.mark.parametrize(("shell", "code"), [("bash", BASH), ("fish", FISH)], ids=["bash", "fish"])
def test_a_shell_completes_commands_options_choices_and_photos(tmp_path, capsys, shell, code):
    assert cli.main(["completion", shell]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    assert asked(shell, code, tmp_path) == list(QUESTIONS.items())


def test_zsh_completes_them_too(tmp_path, capsys):
    assert cli.main(["completion", "zsh"]) == 0
    (tmp_path / "_untone").write_text(capsys.readouterr().out)
    words = {*cli.COMMANDS, "photo.jpg", "full", "half", "--json", "--html", "--map-size", "gmnet", "itmlut", "zsh"}
    for question, shown in asked("zsh", ZSH, tmp_path):
        offered = QUESTIONS[question]
        assert offered <= shown, (question, shown)
        assert not shown & words - offered - set(question.split()), question
