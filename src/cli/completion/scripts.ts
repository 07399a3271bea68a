import { type CompletionNode, namesCommand } from "./tree.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Completion for bash; the functions work in zsh as well, which knows bash's way. */
export function bashScript(nodes: readonly CompletionNode[]): string {
  const words = nodes.map(
    ({ path, commands, flags }) => `    ${quoted(path)}) echo ${quoted([...commands, ...flags].join(" "))} ;;`,
  );
  const choices = nodes.flatMap(({ path, choices: ofFlags }) =>
    Object.entries(ofFlags).map(
      ([flag, values]) => `    ${quoted(`${path} ${flag}`.trim())}) echo ${quoted(values.join(" "))} ;;`,
    ),
  );
  const files = nodes.flatMap(({ path, files: ofFlags }) => ofFlags.map((flag) => quoted(`${path} ${flag}`)));
  const names = nodes.filter(({ takesName }) => takesName).map(({ path }) => quoted(path));
  return `# Completion of zsc. bash: eval "$(zsc completion bash)"
_zsc_words() {
  case "$1" in
${words.join("\n")}
  esac
}
_zsc_choices() {
  case "$1" in
${choices.join("\n")}
  esac
}
_zsc() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at='' i word arguments=0 found
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [ "$word" = -- ]; then
      COMPREPLY=()
      return
    fi
    case "$word" in
      -*) continue ;;
    esac
    case " $(_zsc_words "$at") " in
      *" $word "*) at="\${at:+$at }$word" ;;
      *) arguments=$((arguments + 1)) ;;
    esac
  done
  case "$at $prev" in
    ${files.join("|") || "''"})
      COMPREPLY=($(compgen -f -- "$cur"))
      return
      ;;
  esac
  found="$(_zsc_choices "$at $prev")"
  if [ -z "$found" ]; then
    found="$(_zsc_words "$at") $(_zsc_choices "$at")"
  fi
  COMPREPLY=($(compgen -W "$found" -- "$cur"))
  if [ "\${ZSC_COMPLETE_NAMES:-}" = 1 ] && [ "$arguments" = 0 ] && [ "\${cur#-}" = "$cur" ]; then
    case "$at" in
      ${names.join("|") || "''"})
        local IFS=$'\\n'
        COMPREPLY+=($(compgen -W "$(${namesCommand} "$cur" 2>/dev/null | cut -f 1)" -- "$cur"))
        ;;
    esac
  fi
}
complete -F _zsc zsc
`;
}

export function zshScript(nodes: readonly CompletionNode[]): string {
  return `#compdef zsc
# Completion of zsc. zsh: eval "$(zsc completion zsh)"
autoload -U +X compinit && compinit -u
autoload -U +X bashcompinit && bashcompinit
${bashScript(nodes).split("\n").slice(1).join("\n")}`;
}

export function fishScript(nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap((node) => linesOf(node));
  return `# Completion of zsc. fish: zsc completion fish | source
function __zsc_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    for word in $words
        string match -q -- '-*' $word; and continue
        set -a path $word
    end
    set -l wanted (string split -n ' ' -- $argv[1])
    set -l length (count $wanted)
    test (count $path) -ge $length; or return 1
    if test $length -gt 0
        test "$path[1..$length]" = "$wanted"; or return 1
    end
    if test (count $argv) -gt 1
        test (count $path) = $length; or return 1
    end
end
complete -c zsc -f
${lines.join("\n")}
`;
}

function linesOf({ path, commands, flags, choices, files, takesName }: CompletionNode): readonly string[] {
  const when = (exactly: boolean) => `-n ${quoted(`__zsc_at ${quoted(path)}${exactly ? " exactly" : ""}`)}`;
  const ofArgument = choices[""] ?? [];
  const lines = [...commands, ...ofArgument].map((word) => `complete -c zsc ${when(true)} -a ${quoted(word)}`);
  for (const flag of flags) {
    const values = choices[flag];
    const value = values === undefined ? (files.includes(flag) ? " -r -F" : "") : ` -x -a ${quoted(values.join(" "))}`;
    lines.push(`complete -c zsc ${when(false)} -l ${flag.slice(2)}${value}`);
  }
  if (takesName) {
    const list = `${namesCommand.replace("ZSC_NO_INPUT=1 zsc", "env ZSC_NO_INPUT=1 zsc")} (commandline -ct) 2>/dev/null | cut -f 1`;
    lines.push(`complete -c zsc ${when(true)} -a ${quoted(`(test "$ZSC_COMPLETE_NAMES" = 1; and ${list})`)}`);
  }
  return lines;
}
