/* Linked with the whole of wasi-libc, so that it imports every WASI function libc knows. */
int main(void)
{
    return 0;
}
