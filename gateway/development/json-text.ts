/** JSON with comments and trailing commas, as a configuration file or a tsconfig.json may have it. */

/** Matches texts in quotes, which stay as they are, and comments. */
const textOrComment = /("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g

const textOrTrailingComma = /("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])/g

/**
 * Parses the text.
 *
 * @throws SyntaxError, with the line and column if they are known
 */
export function parseJsonText(text: string): unknown {
  const plain = withoutComments(text).replace(textOrTrailingComma, blank)
  try {
    return JSON.parse(plain)
  } catch (error) {
    const { message } = error as SyntaxError
    const [whole, position] = / at position (\d+).*$/.exec(message) ?? []
    if (whole === undefined) throw error
    const before = plain.slice(0, Number(position)).split('\n')
    const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`
    throw new SyntaxError(`${message.slice(0, -whole.length)} (${place})`)
  }
}

/** Whether there is nothing but comments. */
export function isBlankJsonText(text: string): boolean {
  return withoutComments(text).trim() === ''
}

function withoutComments(text: string): string {
  return text.replace(/^\uFEFF/, ' ').replace(textOrComment, blank)
}

/** Replaces all but kept texts by as many spaces, so that positions stay. */
function blank(found: string, kept: string | undefined): string {
  return kept ?? found.replace(/[^\n]/g, ' ')
}
