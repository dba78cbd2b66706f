/**
 * Whether a character above 127 is followed by one that may be the second byte of a character of gbk, gb18030, sjis, cp932 or big5
 * (0x30 to 0x39, 0x40 to 0x7e): a backslash, a backtick or a letter that the server may then never see. The client and the server
 * need not agree on the character set, so no such text is read with confidence.
 */
export function hasSwallowedLetters(sql: string): boolean {
  for (let index = 0; index < sql.length - 1; index++) {
    if (sql.charCodeAt(index) < 128) continue;
    const next = sql.charCodeAt(index + 1);
    if ((next >= 0x40 && next <= 0x7e) || (next >= 0x30 && next <= 0x39)) return true;
  }
  return false;
}
