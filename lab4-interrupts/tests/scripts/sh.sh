# for our own shell, user/sh.c
echo hi | tr a-z A-Z
(echo in; exit 3); echo $?
x=5; echo "x is $x" '$x' \$x
false || echo or; true && echo and; false && echo no; true || echo no
cat < /etc/script | head -n 1
ls /nothing 2>/dev/null || echo gone
echo error 2>&1 >&2 | cat
cd /bin; pwd
sleep 0.1 & wait; echo waited
seq 1 5 | sort -r | head -n 2
export y=7; (echo $y)
notfound 2>/dev/null; echo $?
exit 7
