/** The look of every page, in light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1c2430; --soft: #566173; --line: #dde2ea; --hover: #f0f4f9;
  --accent: #0b62a8; --badge: #e3eef8; --badge-text: #0b4f86; --warn: #fdf1d7; --warn-text: #6b4700;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --text: #e4e9f0; --soft: #9ba7b7; --line: #2c3541; --hover: #212a36;
    --accent: #74b8f2; --badge: #1d3a55; --badge-text: #b5d9f7; --warn: #3d3014; --warn-text: #f2d594;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .25rem .75rem; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.25rem; }
nav ol { display: flex; flex-wrap: wrap; gap: .25rem .5rem; list-style: none; margin: 0; padding: 0; font-size: .95rem; }
nav li + li::before { content: "/"; color: var(--soft); margin-right: .5rem; }
nav [aria-current] { color: var(--text); font-weight: 600; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .75rem 0 1.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0; padding: .8rem 1.1rem; border-bottom: 1px solid var(--line); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; margin: 0 0 1.25rem; overflow: hidden; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { position: absolute; left: -100rem; }
th, td { text-align: left; padding: .45rem 1.1rem; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-size: .8rem; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 12rem; }
tbody tr:hover { background: var(--hover); }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.fixed, time, pre { font: .85rem/1.6 ui-monospace, monospace; }
.fixed, time { white-space: nowrap; }
.soft { color: var(--soft); }
.kind { display: inline-block; width: 1.5rem; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.5rem; margin: 0; padding: .9rem 1.1rem; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
dd .fixed { white-space: normal; }
td { overflow-wrap: anywhere; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20rem; overflow: auto; }
.badge { background: var(--badge); color: var(--badge-text); border-radius: 1rem; padding: .1rem .6rem; font-size: .8rem; white-space: nowrap; }
.note { margin: 0; padding: .9rem 1.1rem; }
.warning { background: var(--warn); color: var(--warn-text); }
.pages { display: flex; justify-content: space-between; gap: 1rem; padding: .7rem 1.1rem; border-top: 1px solid var(--line); }
footer { color: var(--soft); font-size: .85rem; padding-bottom: 2rem; }
@media (max-width: 44rem) {
  .wide { display: none; }
  th, td, h2, dl, .note { padding-left: .7rem; padding-right: .7rem; }
  tbody th { min-width: 7rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
`
