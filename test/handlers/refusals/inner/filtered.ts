export function any() {
  return 'let in'
}
