# pipes and processes
echo one two three | tr ' ' '\n' | sort | head -n 2
seq 1 100 | while read n; do [ $((n % 25)) -eq 0 ] && echo "at $n"; done
# here-documents, with and without expansion
name=world
cat <<END
hello, $name: $((6 * 7))
END
cat <<'END'
hello, $name
END
# command substitution, functions, case, loops
count() { echo $#; }
count $(echo a b c)
for word in apple banana cherry; do
	case $word in
	b*) echo "$word begins with b" ;;
	*) echo "$word" ;;
	esac
done
i=0
until [ $i -ge 3 ]; do i=$((i + 1)); done
echo "i is $i"
# status, && and ||, subshells
false || echo "false fails"
(cd /bin && pwd); pwd
(exit 42); echo "status $?"
# redirections of descriptors
{ echo out; echo err >&2; } 2>&1 | sort
ls /nothing 2>/dev/null || echo "nothing there"
exec 3</etc/script; read line <&3; exec 3<&-; echo "$line"
{ echo gone >/file; } 2>/dev/null || echo "cannot write"
# background, wait, kill, trap
sleep 100 & child=$!
kill $child; wait $child; echo "killed: $?"
(sleep 0.05; exit 7) & wait $!; echo "waited: $?"
trap 'echo trapped' USR1; kill -USR1 $$; echo "after the trap"
# programs of busybox
printf '%s\n' c a b | sort | uniq | wc -l | tr -d ' '
echo "The quick brown fox" | sed 's/quick/slow/' | awk '{ print $2, NF }'
echo hello | md5sum
dd if=/dev/zero bs=1000 count=5 2>/dev/null | wc -c | tr -d ' '
find /etc -type f | sort
test -x /bin/busybox && echo "busybox is there"
expr 6 \* 7
yes | head -n 1000 | wc -l | tr -d ' '
echo "$(printf 'a\nb\n' | grep -c .) lines"
ls -ld /bin | cut -c1-10
readlink /bin/ls
