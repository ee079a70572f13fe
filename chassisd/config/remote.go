package config

import (
	"net/url"
	"strings"
)

// Remotes splits ovn-remote into etcd endpoints ("etcd:http://h:2379", given
// back as URLs) and OVSDB addresses ("tcp:h:6642", "ssl:…", "unix:…") that can
// be asked for them. A bare URL after an `etcd:` entry belongs to it:
// "etcd:http://a:2379,http://b:2379".
func Remotes(remote string) (etcd, ovsdb []string, problems []Problem) {
	bad := func(entry, reason string) {
		problems = append(problems, Problem{"ovn-remote", "\"" + entry + "\" " + reason})
	}
	for _, entry := range split(remote) {
		scheme, rest, _ := strings.Cut(entry, ":")
		switch scheme {
		case "etcd":
			if !endpoint(rest) {
				bad(entry, "does not name an etcd endpoint such as etcd:http://10.0.0.9:2379")
				continue
			}
			etcd = append(etcd, rest)
		case "http", "https":
			if !endpoint(entry) {
				bad(entry, "is not the URL of an etcd endpoint")
				continue
			}
			etcd = append(etcd, entry)
		case "tcp", "ssl", "unix":
			if rest == "" {
				bad(entry, "has no address")
				continue
			}
			ovsdb = append(ovsdb, entry)
		default:
			bad(entry, "is neither an etcd: URL nor an OVSDB address")
		}
	}
	return etcd, ovsdb, problems
}

// Endpoints splits a list of etcd URLs as flags and SB_Global.options:weft-etcd
// write it.
func Endpoints(s string) []string { return split(s) }

func endpoint(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
