typedef int onepool_placeholder;
