// The concurrent prime sieve, while other goroutines make garbage: for test_go.py.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

func generate(ch chan<- int) {
	for i := 2; ; i++ {
		ch <- i
	}
}

func filter(in <-chan int, out chan<- int, prime int) {
	for {
		i := <-in
		if i%prime != 0 {
			out <- i
		}
	}
}

type node struct {
	left, right *node
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{tree(depth - 1), tree(depth - 1)}
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func main() {
	debug.SetGCPercent(20)
	done := make(chan int)
	for i := 0; i < 4; i++ {
		go func() {
			sum := 0
			for j := 0; j < 20; j++ {
				sum += tree(10).count()
			}
			done <- sum
		}()
	}
	ch := make(chan int)
	go generate(ch)
	for i := 0; i < 50; i++ {
		prime := <-ch
		fmt.Print(prime, " ")
		next := make(chan int)
		go filter(ch, next, prime)
		ch = next
	}
	fmt.Println()
	sum := 0
	for i := 0; i < 4; i++ {
		sum += <-done
	}
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	fmt.Println("nodes", sum, "collected", stats.NumGC > 2)
}
