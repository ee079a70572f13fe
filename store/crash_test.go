package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weft-sdn/weft/store/etcd"
)

// crashChild writes as fast as it can, says what was acknowledged, and lives
// until it is killed.
func crashChild() {
	ctx := context.Background()
	s, err := etcd.Start(ctx, etcd.Options{Dir: os.Getenv("STORE_CRASH_DIR")})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	db, err := Open(ctx, Config{Schema: testSchema(), Client: s.Client, Prefix: "/weft/t/", Limits: embeddedLimits()})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("ready")
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; ; i++ {
				name := fmt.Sprintf("%s-%d-%d", os.Getenv("STORE_CRASH_ROUND"), w, i)
				result := transact(db, crashOps(name))
				mu.Lock()
				if strings.Contains(result, "error") {
					fmt.Println("error", result)
				} else {
					fmt.Println("ack", name)
				}
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
}

// crashOps inserts a row with two others that live by it, and a value that
// tells whether it is whole.
func crashOps(name string) string {
	return fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":%[1]q,"s":%[1]q,"kids":["set",[["named-uuid","a"],["named-uuid","b"]]],"mi":["map",[["x",1],["y",2]]]}},
		{"op":"insert","table":"Kid","uuid-name":"a","row":{"name":%[1]q}},
		{"op":"insert","table":"Kid","uuid-name":"b","row":{"name":%[1]q}}`, name)
}

// What was acknowledged survives kill -9, and nothing is there by half.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	acked := map[string]bool{}
	for round := range 6 {
		crashRound(t, dir, round, acked)
	}
	s, err := etcd.Start(t.Context(), etcd.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cfg := testConfig(s.Client)
	db := openDB(t, cfg)
	defer db.Close()
	if p := db.Problems(); len(p) > 0 {
		t.Fatalf("problems: %v", p)
	}
	kids := 0
	for row := range db.Rows("Root") {
		r := row.(*Root)
		if len(r.Kids) != 2 || len(r.Mi) != 2 || r.S != r.Name {
			t.Errorf("half a transaction: %+v", r)
		}
		for _, id := range r.Kids {
			if k, ok := db.Get("Kid", id).(*Kid); !ok || k.Name != r.Name {
				t.Errorf("%s: kid %s is %+v", r.Name, id, k)
			}
			kids++
		}
		delete(acked, r.Name)
	}
	for name := range acked {
		t.Errorf("%s was acknowledged and is gone", name)
	}
	if n := db.Snapshot().Len("Kid"); n != kids {
		t.Errorf("%d kids, %d of them referred to", n, kids)
	}
	if kids == 0 {
		t.Error("nothing was written")
	}
	t.Logf("%d rows", 3*kids/2)
}

func crashRound(t *testing.T, dir string, round int, acked map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "STORE_CRASH_DIR="+dir, fmt.Sprintf("STORE_CRASH_ROUND=%d", round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var timer *time.Timer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "ready":
			// Not always at the same point of a write.
			timer = time.AfterFunc(time.Duration(150+round*73)*time.Millisecond, func() { cmd.Process.Kill() })
		case "ack":
			acked[rest] = true
		default:
			t.Errorf("child: %s", lines.Text())
			cmd.Process.Kill()
		}
	}
	if timer != nil {
		timer.Stop()
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
}
