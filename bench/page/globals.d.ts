// What the pages find at run time: other people's scripts, by their addresses on the bench's host.

declare var tf: any;
declare var tmImage: any;
/** What main.js opened, for the bench's Python. */
declare var opened: Promise<object>;
declare module '/npm/*';
