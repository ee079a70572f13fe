package ovsdb

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// TestDifferential plays scripts of JSON-RPC messages to a stock ovsdb-server
// and to ours and compares all that they send. A script's lines are
//
//	@A           the session that the next lines are for
//	> {...}      a message; one that is a request has the id 0
//	# comment
//
// After each message, whatever comes on each session is read: up to the reply
// on the one that sent it, and on the others up to the reply to an echo.
func TestDifferential(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.jsonrpc")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".jsonrpc"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			clustered := strings.HasPrefix(string(text), "# clustered")
			stock := play(t, startStock(t, nb.Schema(), clustered), string(text))
			w := startWeft(t, nb.Schema())
			if clustered {
				setClustered(t, w)
			}
			ours := play(t, w.unix, string(text))
			for i := range stock {
				if stock[i] != ours[i] {
					t.Errorf("stock: %s\n ours: %s", stock[i], ours[i])
				}
			}
		})
	}
}

func setClustered(t *testing.T, w *weft) {
	t.Helper()
	if err := w.SetStatus(nb.Schema().Name, Status{Model: "clustered", Connected: true, Leader: true}); err != nil {
		t.Fatal(err)
	}
}

// play runs a script and returns, per message, what it is and what came.
func play(t *testing.T, sock, script string) []string {
	t.Helper()
	sessions := map[string]*peer{}
	names := newNames()
	var out []string
	name := "A"
	for lines := bufio.NewScanner(strings.NewReader(script)); lines.Scan(); {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "@"); ok {
			name = rest
			continue
		}
		text, ok := strings.CutPrefix(line, "> ")
		if !ok {
			continue
		}
		if sessions[name] == nil {
			sessions[name] = dial(t, "unix", sock)
		}
		step := name + " > " + text
		sessions[name].send(names.expand(text))
		for _, s := range senderFirst(sessions, name) {
			got := collect(t, sessions[s], s == name && strings.Contains(text, `"id":0`))
			if n := len(got); n > 0 {
				// The reply names new rows in the order of the operations.
				names.canonical(got[n-1])
			}
			for _, m := range got {
				if m == "closed" {
					delete(sessions, s)
				}
				step += fmt.Sprintf("\n      %s < %s", s, names.canonical(m))
			}
		}
		out = append(out, step)
	}
	return out
}

// senderFirst orders the sessions so that others are asked only when the
// message has been dealt with.
func senderFirst(m map[string]*peer, sender string) []string {
	names := []string{sender}
	for name := range m {
		if name != sender {
			names = append(names, name)
		}
	}
	slices.Sort(names[1:])
	return names
}

// collect reads what has come: up to the reply with id 0 if there is to be
// one, and up to the reply of an echo sent now.
func collect(t *testing.T, p *peer, reply bool) (got []string) {
	t.Helper()
	const mark = `"mark"`
	// A server that hangs up may do so before this is sent.
	p.conn.Write([]byte(`{"method":"echo","params":[],"id":` + mark + `}`))
	echo := false
	for !echo || reply {
		m, err := p.read()
		if err != nil {
			return append(got, "closed")
		}
		var h struct{ ID json.RawMessage }
		if err := json.Unmarshal(m, &h); err != nil {
			t.Fatal(err)
		}
		if string(h.ID) == mark {
			echo = true
			continue
		}
		if string(h.ID) == "0" {
			reply = false
		}
		got = append(got, string(m))
	}
	// Monitors are told in no particular order.
	slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(monitorOf(a), monitorOf(b)) })
	return got
}

// monitorOf is what a notification is for, "~" for replies: they come last.
func monitorOf(m string) string {
	var n struct {
		ID     json.RawMessage
		Params []json.RawMessage
	}
	if json.Unmarshal([]byte(m), &n) != nil || len(n.Params) == 0 || n.ID != nil && string(n.ID) != "null" {
		return "~"
	}
	return string(n.Params[0])
}

// names gives each UUID a number, in the order in which they are met, so that
// two servers can be compared; and remembers those of the last reply, so that
// a script can refer to them: $U1 is the first one of all.
type uuidNames struct {
	num  map[string]int
	list []string
	txns []string // that update3 notifications named; $T1 is the first one
}

var uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// txnID finds transaction ids in replies and notifications. A stock server
// that stands alone has none.
var txnID = regexp.MustCompile(`("result":\[(?:true|false),"|"update3","params":\[[^,]*,")[0-9a-f-]{36}`)

var updateTxn = regexp.MustCompile(`"update3","params":\[[^,]*,"([0-9a-f-]{36})`)

func newNames() *uuidNames {
	n := &uuidNames{num: map[string]int{}}
	n.number("00000000-0000-0000-0000-000000000000")
	return n
}

func (n *uuidNames) number(u string) string {
	i, ok := n.num[u]
	if !ok {
		i = len(n.list)
		n.num[u] = i
		n.list = append(n.list, u)
	}
	return fmt.Sprintf("$U%d", i)
}

func (n *uuidNames) expand(text string) string {
	for i, id := range n.txns {
		text = strings.ReplaceAll(text, fmt.Sprintf("$T%d", i+1), id)
	}
	return regexp.MustCompile(`\$U[0-9]+`).ReplaceAllStringFunc(text, func(ref string) string {
		for i, u := range n.list {
			if fmt.Sprintf("$U%d", i) == ref {
				return u
			}
		}
		return ref
	})
}

// canonical writes a message with its members sorted, sets sorted, and UUIDs
// by number.
func (n *uuidNames) canonical(m string) string {
	if m == "closed" {
		return m
	}
	if id := updateTxn.FindStringSubmatch(m); id != nil && !slices.Contains(n.txns, id[1]) {
		n.txns = append(n.txns, id[1])
	}
	text := txnID.ReplaceAllString(string(schema.CanonicalJSON([]byte(m))), "${1}TXN")
	text = uuidText.ReplaceAllStringFunc(text, n.number)
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	sortSets(v)
	return string(schema.EncodeJSON(v))
}

// sortSets sorts the elements of OVSDB sets and maps, and rows of selects,
// whose order means nothing.
func sortSets(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			sortSets(e)
			if list, ok := e.([]any); ok && k == "rows" {
				sortAny(list)
			}
		}
	case []any:
		for _, e := range v {
			sortSets(e)
		}
		if len(v) == 2 && (v[0] == "set" || v[0] == "map") {
			if list, ok := v[1].([]any); ok {
				sortAny(list)
			}
		}
	}
}

func sortAny(list []any) {
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(string(schema.EncodeJSON(a)), string(schema.EncodeJSON(b))) })
}
