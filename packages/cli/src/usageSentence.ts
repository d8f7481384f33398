/**
 * One sentence from what the parser of the words says.
 *
 * @param message such as `Unknown argument: bogus`, or several lines
 * @param words the whole command line
 * @param commandNames the commands that there are
 */
export function usageSentence(
  message: string,
  words: readonly string[],
  commandNames: readonly string[],
): string {
  const [first = ''] = words;
  if (message.startsWith('Not enough non-option arguments')) {
    return `"${first}" needs one more word: see "zookafka ${first} --help"`;
  }
  const isCommand = commandNames.includes(first) || first.startsWith('-');
  if (message.startsWith('Unknown argument') && !isCommand) {
    return `There is no command "${first}": "zookafka --help" lists them`;
  }
  return message.replaceAll(/\s*\n\s*/g, ' ').trim();
}
