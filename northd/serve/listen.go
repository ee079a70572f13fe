package serve

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/proto/admin"
)

// listenAll opens the OVSDB listeners of a comma separated list of passive
// remotes as ovsdb-server names them (ovsdb(7)): "punix:PATH" and
// "ptcp:PORT[:IP]", where port 0 takes any free one and an IPv6 address
// stands in brackets. Without an IP it is 127.0.0.1, not any as with
// ovsdb-server: nobody has to say who he is, so that what is open to all has to
// be asked for, by "0.0.0.0" or "[::]".
func listenAll(remotes string) ([]net.Listener, error) {
	var all []net.Listener
	for remote := range strings.SplitSeq(remotes, ",") {
		if remote = strings.TrimSpace(remote); remote == "" {
			continue
		}
		l, err := listenOVSDB(remote)
		if err != nil {
			closeAll(all)
			return nil, fmt.Errorf("serve: remote %q: %w", remote, err)
		}
		all = append(all, l)
	}
	return all, nil
}

func closeAll(ls []net.Listener) {
	for _, l := range ls {
		l.Close()
	}
}

func listenOVSDB(remote string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(remote, "punix:"); ok {
		return admin.ListenUnix(path)
	}
	if addr, ok := strings.CutPrefix(remote, "ptcp:"); ok {
		hostport, err := passiveTCP(addr)
		if err != nil {
			return nil, err
		}
		return net.Listen("tcp", hostport)
	}
	return nil, errors.New("expected punix:PATH or ptcp:PORT[:IP]")
}

// passiveTCP turns "PORT[:IP]" into what net.Listen takes.
func passiveTCP(s string) (string, error) {
	port, host, _ := strings.Cut(s, ":")
	if port == "" {
		port = "6640" // OVSDB's registered port
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("port %q: expected 0 to 65535", port)
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "" {
		host = "127.0.0.1"
	}
	if net.ParseIP(host) == nil {
		return "", fmt.Errorf("address %q: expected an IP address", host)
	}
	return net.JoinHostPort(host, port), nil
}
