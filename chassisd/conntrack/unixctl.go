package conntrack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// socket is where ovs-vswitchd listens for ovs-appctl(8).
func socket(runDir string) (string, error) {
	pid, err := os.ReadFile(filepath.Join(runDir, "ovs-vswitchd.pid"))
	if err != nil {
		return "", err
	}
	return filepath.Join(runDir, "ovs-vswitchd."+strings.TrimSpace(string(pid))+".ctl"), nil
}

// call runs a command in a daemon, as ovs-appctl(8) does, and gives what it says to
// line, line by line as it comes. What the daemon refuses is an error.
func call(ctx context.Context, socket, command string, args []string, line func(string)) error {
	nc, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer nc.Close()
	defer context.AfterFunc(ctx, func() { nc.Close() })()
	request, err := json.Marshal(map[string]any{"id": 0, "method": command, "params": args})
	if err != nil {
		return err
	}
	if _, err = nc.Write(request); err == nil {
		err = readAnswer(bufio.NewReaderSize(nc, 64<<10), line)
	}
	if err != nil {
		return fmt.Errorf("conntrack: %s: %w", command, errors.Join(err, ctx.Err()))
	}
	return nil
}

// maxText bounds a line of an answer, and a complaint, in bytes. What is longer is
// cut: no connection's line is.
const maxText = 4 << 10

// readAnswer reads a JSON-RPC response of strings, numbers and null. Its result may
// be far larger than what an agent may hold: nothing but a line of it is kept.
func readAnswer(r *bufio.Reader, line func(string)) error {
	if err := expect(r, '{'); err != nil {
		return err
	}
	refusal := ""
	for {
		name, text, err := readMember(r, line)
		if err != nil {
			return err
		}
		if name == "error" {
			refusal = strings.TrimSpace(text)
		}
		switch end, err := readByte(r); {
		case err != nil:
			return err
		case end == '}' && refusal != "":
			return refused(refusal)
		case end == '}':
			return nil
		case end != ',':
			return errNoAnswer
		}
	}
}

// readMember reads a member of a response: its name and, where that is a string, its
// value, but for the result, which goes to line.
func readMember(r *bufio.Reader, line func(string)) (name, text string, err error) {
	var b strings.Builder
	if err := errors.Join(expect(r, '"'), readString(r, &b, nil), expect(r, ':')); err != nil {
		return "", "", err
	}
	name = b.String()
	b.Reset()
	c, err := readByte(r)
	switch {
	case err != nil:
		return "", "", err
	case c == '{' || c == '[':
		return "", "", errNoAnswer
	case c != '"':
		for err == nil && c != ',' && c != '}' {
			c, err = readByte(r)
		}
		return name, "", errors.Join(err, r.UnreadByte())
	}
	if name != "result" {
		line = nil
	}
	err = readString(r, &b, line)
	return name, b.String(), err
}

// refused is what a daemon says that does not do what it is asked for.
type refused string

func (e refused) Error() string { return string(e) }

var errNoAnswer = errors.New("that is no JSON-RPC response")

// readByte returns the next byte that is not white space.
func readByte(r *bufio.Reader) (byte, error) {
	for {
		c, err := r.ReadByte()
		switch {
		case err == io.EOF:
			return 0, io.ErrUnexpectedEOF
		case err != nil || c > ' ':
			return c, err
		}
	}
}

func expect(r *bufio.Reader, want byte) error {
	c, err := readByte(r)
	if err == nil && c != want {
		err = errNoAnswer
	}
	return err
}

// readString reads the rest of a JSON string, its lines to line, and what is behind
// the last one into b.
func readString(r *bufio.Reader, b *strings.Builder, line func(string)) error {
	put := func(c rune) {
		switch {
		case c == '\n' && line != nil:
			line(b.String())
			b.Reset()
		case b.Len() < maxText:
			b.WriteRune(c)
		}
	}
	for {
		c, err := r.ReadByte()
		switch {
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case c == '"':
			if b.Len() > 0 && line != nil {
				put('\n')
			}
			return nil
		case c != '\\':
			if b.Len() < maxText || c == '\n' {
				put(rune(c)) // what connections are told by is ASCII
			}
			continue
		}
		if c, err = r.ReadByte(); err != nil {
			return err
		}
		switch i := strings.IndexByte("bfnrt", c); {
		case i >= 0:
			put(rune("\b\f\n\r\t"[i]))
		case c == 'u':
			var code [4]byte
			if _, err := io.ReadFull(r, code[:]); err != nil {
				return err
			}
			put('?')
		default:
			put(rune(c))
		}
	}
}
