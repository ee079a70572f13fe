// Package netns does things inside network namespaces: links, addresses, settings,
// programs, raw sockets. It knows no sandbox; a namespace is its name, as `ip
// netns` lists them.
//
// The rule: nothing here stays in a foreign namespace. A thread that enters one
// goes back, or ends.
//
// Imports: none
package netns
