// The rooms of the house: what each package may import of ours is stated at
// the end of its doc.go, and this test holds the code to it.
package weft_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/weft-sdn/weft"

// anything lists the places that DESIGN lets import what they like.
var anything = []string{"cmd/", "e2e"}

func TestImports(t *testing.T) {
	packages := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		got := imports(t, path)
		if got == nil {
			return nil
		}
		packages++
		for _, p := range anything {
			if strings.HasPrefix(path+"/", p) || strings.HasPrefix(path, p) {
				return nil
			}
		}
		allowed, ok := policy(t, path)
		if !ok {
			t.Errorf("%s: no doc.go that ends with an Imports: line", path)
			return nil
		}
		for imp, file := range got {
			if !allowed(imp) {
				t.Errorf("%s imports %s, which the Imports: line of %s/doc.go does not name", file, imp, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if packages < 5 {
		t.Fatalf("saw only %d packages", packages)
	}
}

// imports returns our packages that the non-test files of dir import, each
// with one file that does; nil if dir holds no package.
func imports(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if got == nil {
			got = map[string]string{}
		}
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if rest, ok := strings.CutPrefix(p, module+"/"); ok {
				got[rest] = file
			}
		}
	}
	return got
}

// policy reads the Imports: line of dir/doc.go. It names packages relative
// to the module, comma separated; "x/..." is x and all below; "none" is none.
func policy(t *testing.T, dir string) (func(string) bool, bool) {
	t.Helper()
	path := filepath.Join(dir, "doc.go")
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	line, ok := importsLine(f.Doc)
	if !ok {
		return nil, false
	}
	var names []string
	for name := range strings.SplitSeq(line, ",") {
		names = append(names, strings.TrimSpace(name))
	}
	return func(imp string) bool {
		for _, n := range names {
			if n == imp {
				return true
			}
			if base, all := strings.CutSuffix(n, "/..."); all && (imp == base || strings.HasPrefix(imp, base+"/")) {
				return true
			}
		}
		return false
	}, true
}

func importsLine(doc *ast.CommentGroup) (string, bool) {
	if doc == nil {
		return "", false
	}
	_, line, ok := strings.Cut(doc.Text(), "\nImports:")
	return strings.Join(strings.Fields(line), " "), ok
}
